"""DynamoDB for LocalStack by moto, instead of a download of Amazon's DynamoDB Local.

LocalStack finds it by the entry point in the dist-info folder beside this file.
"""

import copy
import inspect
import threading
import zlib

from localstack.aws.api.dynamodb import DynamodbApi
from localstack.aws.forwarder import ForwardingFallbackDispatcher
from localstack.aws.handlers import modify_service_response
from localstack.services.moto import call_moto
from localstack.services.plugins import Service, aws_provider
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

# moto is not safe between threads: the conditions of two transactions at once
# could both be found to hold. Under one lock they are as on AWS.
_lock = threading.Lock()


class MotoDynamodb(DynamodbApi):
    """All of its operations are moto's."""


def _dispatch(context, _request):
    with _lock:
        return call_moto(context)


def _add_checksum(_chain, _context, response):
    """The SDK for Go warns of each answer that lacks the checksum AWS sends."""
    response.headers["x-amz-crc32"] = str(zlib.crc32(response.data))


@aws_provider(api="dynamodb", name="moto")
def dynamodb() -> Service:
    modify_service_response.append("dynamodb", _add_checksum)
    _bear_large_tables()
    return Service.for_provider(
        MotoDynamodb(), dispatch_table_factory=lambda api: ForwardingFallbackDispatcher(api, _dispatch)
    )


def _bear_large_tables():
    """With moto, a transaction copies its whole table and a query sorts it: at
    100,000 items each takes minutes. Here a transaction copies the items that it
    touches, and a query looks at its own partition. All is called under the lock.
    """
    transact = DynamoDBBackend.transact_write_items
    query, all_items = Table.query, Table.all_items

    def transact_write_items(self, transact_items):
        before = [_item_before(self, op) for one in transact_items for op in one.values()]
        try:
            transact(self, transact_items)
        except BaseException:
            for table, hash_key, range_key, item in before:
                _restore(table, hash_key, range_key, item)
            raise

    def query_partition(self, *args, **kwargs):
        asked = inspect.signature(query).bind(self, *args, **kwargs).arguments
        self.candidates = _partition(self, asked["hash_key"], asked.get("index_name"))
        try:
            return query(self, *args, **kwargs)
        finally:
            del self.candidates

    DynamoDBBackend.transact_write_items = transact_write_items
    Table.query = query_partition
    Table.all_items = lambda self: self.candidates if hasattr(self, "candidates") else all_items(self)
    Table.__deepcopy__ = lambda self, _memo: self  # its copy is what transact would go back to


def _partition(table, hash_key, index_name):
    if index_name is None:
        return list(table.items.get(hash_key, {}).values())
    schema = table.get_index(index_name, error_if_not=True).schema
    attribute = next(k["AttributeName"] for k in schema if k["KeyType"] == "HASH")
    all_items = (item for items in table.items.values() for item in items.values())
    return [item for item in all_items if attribute in item.attrs and item.attrs[attribute] == hash_key]


def _item_before(backend, op):
    table = backend.get_table(op["TableName"])
    key = op.get("Key") or op["Item"]
    hash_key, range_key = (DynamoType(key[a]) for a in (table.hash_key_attr, table.range_key_attr))
    return table, hash_key, range_key, copy.deepcopy(table.get_item(hash_key, range_key))


def _restore(table, hash_key, range_key, item):
    if item is not None:
        table.items[hash_key][range_key] = item
    elif hash_key in table.items:
        table.items[hash_key].pop(range_key, None)
