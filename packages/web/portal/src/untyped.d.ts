/** What comes without types for a browser. */
declare module 'bootstrap'
declare module 'clearblade-js-client' {
  export const ClearBlade: (options: object) => object
}
