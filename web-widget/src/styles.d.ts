/** A stylesheet as text, for constructable stylesheets; Vite makes it. */
declare module '*.css?inline' {
  const css: string;
  export default css;
}
