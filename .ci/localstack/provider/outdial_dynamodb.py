"""DynamoDB for LocalStack by moto, instead of a download of Amazon's DynamoDB Local.

LocalStack finds it by the entry point in the dist-info folder beside this file.
"""

import collections
import copy
import functools
import inspect
import json
import threading
import zlib

from localstack.aws.api.dynamodb import DynamodbApi
from localstack.aws.forwarder import ForwardingFallbackDispatcher
from localstack.aws.handlers import modify_service_response
from localstack.services.moto import call_moto
from localstack.services.plugins import Service, aws_provider
from moto.dynamodb.comparisons import ConditionExpressionParser
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
    _remember_conditions()
    _measure_binary_values()
    return Service.for_provider(
        MotoDynamodb(), dispatch_table_factory=lambda api: ForwardingFallbackDispatcher(api, _dispatch)
    )


def _bear_large_tables():
    """With moto, a transaction copies its whole table and a query reads and sorts
    it: at 100,000 items each takes minutes. Here a transaction copies the items that
    it touches, and a query looks at its own partition. All is called under the lock.
    """
    transact, update = DynamoDBBackend.transact_write_items, DynamoDBBackend.update_item
    put, delete = Table.put_item, Table.delete_item
    query, all_items = Table.query, Table.all_items

    def transact_write_items(self, transact_items):
        before = [_item_before(self, op) for one in transact_items for op in one.values()]
        try:
            transact(self, transact_items)
        except BaseException:
            for table, hash_key, range_key, item in before:
                _restore(table, hash_key, range_key, item)
            raise

    def update_item(self, table_name, *args, **kwargs):
        item = update(self, table_name, *args, **kwargs)
        _index(self.get_table(table_name)).put(item)
        return item

    def put_item(self, *args, **kwargs):
        item = put(self, *args, **kwargs)
        _index(self).put(item)
        return item

    def delete_item(self, hash_key, range_key):
        _index(self).remove((hash_key, range_key))
        return delete(self, hash_key, range_key)

    def query_partition(self, *args, **kwargs):
        asked = inspect.signature(query).bind(self, *args, **kwargs).arguments
        self.candidates = _partition(self, asked["hash_key"], asked.get("index_name"))
        try:
            return query(self, *args, **kwargs)
        finally:
            del self.candidates

    DynamoDBBackend.transact_write_items = transact_write_items
    DynamoDBBackend.update_item = update_item
    Table.put_item = put_item
    Table.delete_item = delete_item
    Table.query = query_partition
    Table.all_items = lambda self: self.candidates if hasattr(self, "candidates") else all_items(self)
    Table.__deepcopy__ = lambda self, _memo: self  # its copy is what transact would go back to


def _remember_conditions():
    """moto parses each condition of a transaction three times, and those of a slice
    of a batch are all the same: it took a third of a transaction's time.
    """
    parse = ConditionExpressionParser.parse

    @functools.lru_cache(maxsize=1024)
    def parsed(expression, names, values):
        parser = ConditionExpressionParser(expression, *(json.loads(text) for text in (names, values)))
        return parse(parser), parser.expr_attr_names_found, parser.expr_attr_values_found

    def remembered(self):
        names, values = (json.dumps(d) for d in (self.expression_attribute_names, self.expression_attribute_values))
        condition, found_names, found_values = parsed(self.condition_expression, names, values)
        self.expr_attr_names_found.extend(found_names)
        self.expr_attr_values_found.extend(found_values)
        return condition

    ConditionExpressionParser.parse = remembered


class _Index:
    """Finds the items of a partition of an index, which moto looks for in all items."""

    def __init__(self, table, attributes):
        self.attributes = attributes  # the partition keys of the table's indexes
        self.items = collections.defaultdict(dict)  # by attribute and value, then by key
        self.places = {}  # where an item is, by its key
        for items in table.items.values():
            for item in items.values():
                self.put(item)

    def put(self, item):
        key = (item.hash_key, item.range_key)
        self.remove(key)
        self.places[key] = [(a, item.attrs[a]) for a in self.attributes if a in item.attrs]
        for place in self.places[key]:
            self.items[place][key] = item

    def remove(self, key):
        for place in self.places.pop(key, ()):
            del self.items[place][key]


def _index(table):
    schemas = [index.schema for index in (*table.indexes, *table.global_indexes)]
    attributes = {k["AttributeName"] for schema in schemas for k in schema if k["KeyType"] == "HASH"}
    if getattr(table, "index", None) is None or table.index.attributes != attributes:
        table.index = _Index(table, attributes)
    return table.index


def _measure_binary_values():
    """moto counts the Base64 of a binary value, and AWS the bytes in it: an item of
    350 KB would be too large for 400 KB.
    """
    size = DynamoType.size

    def size_in_bytes(self):
        if self.type != "B":
            return size(self)
        return len(self.value) * 3 // 4 - self.value[-2:].count("=")

    DynamoType.size = size_in_bytes


def _partition(table, hash_key, index_name):
    if index_name is None:
        return list(table.items.get(hash_key, {}).values())
    schema = table.get_index(index_name, error_if_not=True).schema
    attribute = next(k["AttributeName"] for k in schema if k["KeyType"] == "HASH")
    return list(_index(table).items.get((attribute, hash_key), {}).values())


def _item_before(backend, op):
    table = backend.get_table(op["TableName"])
    key = op.get("Key") or op["Item"]
    hash_key, range_key = (DynamoType(key[a]) for a in (table.hash_key_attr, table.range_key_attr))
    return table, hash_key, range_key, copy.deepcopy(table.get_item(hash_key, range_key))


def _restore(table, hash_key, range_key, item):
    if item is not None:
        table.items[hash_key][range_key] = item
        _index(table).put(item)
    elif hash_key in table.items:
        table.items[hash_key].pop(range_key, None)
        _index(table).remove((hash_key, range_key))
