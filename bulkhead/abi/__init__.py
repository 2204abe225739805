"""The contracts' interfaces, as everybody sees them at their addresses. Imports: none.

    abi = load_abi("Clearinghouse")    # with what its parts answer behind it

`make abi` writes the files; a test holds them against the compiler.
"""

from bulkhead.abi.files import UnknownContractError, contract_names, load_abi
from bulkhead.abi.surface import combined, signature

__all__ = ["UnknownContractError", "combined", "contract_names", "load_abi", "signature"]
