"""Prints a SAM template written out as CloudFormation does: see transform."""

import json
import sys

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoManagedPolicies:
    """The templates name none, so nobody has to ask AWS for their ARNs."""

    def load(self) -> dict[str, str]:
        return {}


with open(sys.argv[1]) as file:
    template = yaml_parse(file)
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::Function":
        # SAM wants to see a packaged function.
        resource["Properties"]["CodeUri"] = "s3://bucket/" + resource["Properties"]["CodeUri"]
json.dump(transform(template, {}, NoManagedPolicies()), sys.stdout, indent=2)
