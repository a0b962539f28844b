"""Compilation of helpers as far as their callers need: to intermediate code.

Numba optimises each function and makes machine code of it, then links its optimised code into every
caller and optimises that again, callee by callee up to the kernel. A helper's machine code is never
called, and what is deep in a kernel would be optimised as often as it is deep. So a helper stays
intermediate code, simplified function by function, and the kernel optimises all of it once: a
quarter less time, and machine code as fast.
"""

from typing import Any

from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.compiler import Compiler

# What is used of them below; AttributeError where this numba has other names.
_USED = (
    JITCodeLibrary._finalize_dynamic_globals, JITCodeLibrary._optimize_final_module,
    JITCodeLibrary._finalize_final_module, JITCodeLibrary.get_pointer_to_function,
    JITCPUCodegen.set_env,
)  # fmt: skip


class _Codegen:
    """A code generator's, but for the addresses of environments, which machine code alone has."""

    def __init__(self, codegen: JITCPUCodegen) -> None:
        self._codegen = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)

    def set_env(self, env_name: str, env: Any) -> None:
        """Nothing to set."""


class _IRLibrary(JITCodeLibrary):  # type: ignore[misc]
    """Code that is linked into others' and never run by itself."""

    @property
    def codegen(self) -> Any:
        return _Codegen(self._codegen)

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        return 0


class IRCompiler(Compiler):  # type: ignore[misc]
    """The ``pipeline_class`` of helpers."""

    def __init__(
        self, typingctx: Any, targetctx: Any, library: Any, args: Any, return_type: Any,
        flags: Any, locals: Any,
    ) -> None:  # fmt: skip
        if library is None:
            library = _IRLibrary(targetctx.codegen(), "helper")
        super().__init__(typingctx, targetctx, library, args, return_type, flags, locals)
