"""The query compiler in WebAssembly: the shape of a query in, its plan out."""

from prisma_wasm.compiler.compiler import CompileError, Compiler, CompilerPanicError

__all__ = ["CompileError", "Compiler", "CompilerPanicError"]
