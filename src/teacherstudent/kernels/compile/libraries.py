"""Compiled code that calls its own copies of other functions, whatever else is compiled or loaded.

Numba links the functions that a kernel calls into the kernel's machine code, optimises them together, and
leaves these copies visible in the whole process. The linker then uses the first visible copy of a function
for all callers. Copies that were optimised in different kernels may round differently: in the process that
compiles a kernel, the linker uses the function itself; after loading from the disk, it uses the copy in the
kernel or in a kernel that was loaded earlier. Here a copy is visible only inside its kernel, so the bits do
not depend on that order.
"""

from llvmlite import binding, ir
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

LINKED = binding.Linkage.linkonce_odr  # numba's linkage of functions from other libraries
VISIBLE, OWN = binding.Linkage.external, binding.Linkage.internal


class OwnCopies(JITCodeLibrary):
    """The machine code of a kernel."""

    def _finalize_final_module(self):
        self._shared_module = _linkable(self._final_module)
        _change_linkage(self._final_module, LINKED, OWN)
        super()._finalize_final_module()


class OwnCopiesCompiler(Compiler):
    """Numba's compiler with `OwnCopies` as the library that receives the code."""

    def _compile_core(self):
        if self.state.library is None:
            codegen = self.state.targetctx.codegen()
            self.state.library = OwnCopies(codegen, self.state.func_id.func_qualname)
            self.state.library.enable_object_caching()
        return super()._compile_core()


class OneVectorAtATime(JITCodeLibrary):
    """Machine code with loops over one vector in each pass.

    LLVM would write loops over four vectors at a time, over one vector, and over numbers, which pays for long
    arrays only. A row of columns has few vectors, and the code of all its loops has to fit into the cache.
    """

    def add_ir_module(self, ir_module):
        """Mark all loops, each by the jump back to its start, and add the code."""
        for function in ir_module.functions:
            done = set()
            for block in function.blocks:
                done.add(block)
                jump = block.terminator
                if isinstance(jump, ir.Branch) and jump.operands[0] in done:
                    jump.set_metadata("llvm.loop", _without_interleaving(ir_module))
        super().add_ir_module(ir_module)


class ColumnLoopCompiler(Compiler):
    """Numba's compiler for loops over columns, whose arrays have no element in common, as LLVM is told."""

    def _compile_core(self):
        self.state.flags.noalias = True
        if self.state.library is None:
            codegen = self.state.targetctx.codegen()
            self.state.library = OneVectorAtATime(codegen, self.state.func_id.func_qualname)
        return super()._compile_core()


def _linkable(module: binding.ModuleRef) -> binding.ModuleRef:
    """Return a copy for kernels that call this one, equal to the copy that is loaded from the disk."""
    copy = binding.parse_bitcode(module.as_bitcode())
    _change_linkage(copy, VISIBLE, LINKED)
    return copy


def _change_linkage(module: binding.ModuleRef, before: binding.Linkage, after: binding.Linkage) -> None:
    """Change the linkage of all functions that a module defines with the linkage `before`."""
    for function in module.functions:
        if not function.is_declaration and function.linkage == before:
            function.linkage = after


def _without_interleaving(module: ir.Module) -> ir.MDValue:
    """Return the metadata of one loop; its first element is the metadata itself, as LLVM demands."""
    count = module.add_metadata(["llvm.loop.interleave.count", ir.Constant(ir.IntType(32), 1)])
    found = ir.MDValue(module, (), name=str(len(module.metadata)))
    found.operands = found, count
    return found
