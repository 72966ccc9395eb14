declare module 'bootstrap'
declare module 'clearblade-js-client' {
  const sdk: { ClearBlade: (options: object) => object }
  export default sdk
}
