"""Compiled code that calls its own copies of other functions, whatever else is compiled or loaded.

Numba links the functions that a kernel calls into the kernel's machine code, optimises all of it together,
and leaves these copies visible to the rest of the process. Of all visible copies of a function, the linker
takes for every caller the one that came first. But code optimised in another place may round in another way:
in the process that compiles a kernel that is the function by itself; after loading it is the copy in the
kernel, or in another kernel that was loaded before. Here the copies are visible to their kernel only.
"""

from llvmlite import binding
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

LINKED = binding.Linkage.linkonce_odr  # what numba gives to functions from elsewhere
VISIBLE, OWN = binding.Linkage.external, binding.Linkage.internal


class OwnCopies(JITCodeLibrary):
    """The machine code of a kernel."""

    def _finalize_final_module(self):
        self._shared_module = _linkable(self._final_module)
        _change_linkage(self._final_module, LINKED, OWN)
        super()._finalize_final_module()


class OwnCopiesCompiler(Compiler):
    """Numba's compiler, but for the library that the code is put in."""

    def _compile_core(self):
        if self.state.library is None:
            codegen = self.state.targetctx.codegen()
            self.state.library = OwnCopies(codegen, self.state.func_id.func_qualname)
            self.state.library.enable_object_caching()
        return super()._compile_core()


def _linkable(module: binding.ModuleRef) -> binding.ModuleRef:
    """Return a copy for kernels that call this one, the same as they get from the disk."""
    copy = binding.parse_bitcode(module.as_bitcode())
    _change_linkage(copy, VISIBLE, LINKED)
    return copy


def _change_linkage(module: binding.ModuleRef, before: binding.Linkage, after: binding.Linkage) -> None:
    for function in module.functions:
        if not function.is_declaration and function.linkage == before:
            function.linkage = after
