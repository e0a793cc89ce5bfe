// Spellings that people bring from other command lines.

/** istioctl keeps young commands below this word; here they have no such place. */
const EXPERIMENTAL: readonly string[] = ["x", "experimental"];

/** `x precheck …` is `precheck …`. */
export function withoutExperimental(words: readonly string[]): readonly string[] {
  return EXPERIMENTAL.includes(words[0] ?? "") && words.length > 1 ? words.slice(1) : words;
}
