/** The build copies the file and gives its address. */
declare module '*.wasm' {
  const address: string;
  export default address;
}
