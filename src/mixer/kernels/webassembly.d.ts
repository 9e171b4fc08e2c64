/** What the kernels use of WebAssembly: TypeScript has its types only together with those of browsers. */
declare namespace WebAssembly {
  function validate(code: Uint8Array): boolean;

  const Module: new (code: Uint8Array) => Module;

  class Memory {
    /** In pages of 64 kB. */
    constructor(size: { readonly initial: number; readonly maximum: number });
    readonly buffer: ArrayBuffer;
  }

  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, Memory>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
}
