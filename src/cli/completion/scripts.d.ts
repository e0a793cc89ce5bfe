// Shell scripts are imported as their text.
declare module "*.bash" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: the runtime hands a text over in no other way
  export default text;
}
declare module "*.zsh" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: the runtime hands a text over in no other way
  export default text;
}
declare module "*.fish" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: the runtime hands a text over in no other way
  export default text;
}
