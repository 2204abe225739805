"""What the ledger holds, read word by word, and orders signed for it. Imports: deployment.

books = read_books(deployment, accounts)
signature = sign_order(order, private_key, chain_id, exchange)
"""

from bulkhead.books.ledger import (
    PRICE_FACTORS,
    Books,
    Header,
    MarketBook,
    Position,
    conservation_error,
    read_books,
    side_pair,
    signed,
)
from bulkhead.books.orders import (
    DOMAIN_NAME,
    DOMAIN_VERSION,
    MAX_PRICE,
    MAX_SEQUENCE,
    MAX_SIZE,
    ORDER_FIELDS,
    OWNER_SHIFT,
    Order,
    order_hash,
    order_typed_data,
    owner_of,
    sign_order,
)

__all__ = [
    "DOMAIN_NAME",
    "DOMAIN_VERSION",
    "MAX_PRICE",
    "MAX_SEQUENCE",
    "MAX_SIZE",
    "ORDER_FIELDS",
    "OWNER_SHIFT",
    "PRICE_FACTORS",
    "Books",
    "Header",
    "MarketBook",
    "Order",
    "Position",
    "conservation_error",
    "order_hash",
    "order_typed_data",
    "owner_of",
    "read_books",
    "side_pair",
    "sign_order",
    "signed",
]
