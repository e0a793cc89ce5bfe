// Spellings that people bring from other command lines.

/** istioctl keeps young commands below this word; here they have no such place. */
const EXPERIMENTAL: readonly string[] = ["x", "experimental"];

/** `-v DIR` says nothing about DIR: only a number behind it is its level. */
export function withPlainVerbosity(words: readonly string[]): readonly string[] {
  const end = words.indexOf("--");
  return words.map((word, index) => {
    const isBare = word === "-v" && (end === -1 || index < end);
    return isBare && !/^=?\d+$/.test(words[index + 1] ?? "") ? "-v=1" : word;
  });
}

/** `x` alone asks what there is. */
export const isExperimental = (words: readonly string[]): boolean =>
  words.length === 1 && EXPERIMENTAL.includes(words[0] ?? "");

/** `x precheck …` is `precheck …`. */
export function withoutExperimental(words: readonly string[]): readonly string[] {
  return EXPERIMENTAL.includes(words[0] ?? "") && words.length > 1 ? words.slice(1) : words;
}
