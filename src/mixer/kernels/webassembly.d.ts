/** The parts of WebAssembly that the kernels use; TypeScript has these types only together with the browser's. */
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
