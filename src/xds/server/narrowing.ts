// Finding the bad resources of a response that was refused without saying which: its parts are sent again, each smaller, until the
// bad ones stand alone. One bad resource of n costs about 2 log2(n) responses.

export class Narrowing {
  #parts: (readonly string[])[] = [];

  /**
   * A response with these resources was refused. Those that the words name are tried one by one, after the rest together;
   * when none is named, two halves.
   */
  add(names: readonly string[], named: ReadonlySet<string>): void {
    if (named.size > 0) {
      const rest = names.filter((name) => !named.has(name));
      this.#unshift([rest, ...[...named].map((name) => [name])]);
    } else {
      const middle = Math.ceil(names.length / 2);
      this.#unshift([names.slice(0, middle), names.slice(middle)]);
    }
  }

  /** What of the next part `toResource` still finds; parts of which nothing is left are dropped. */
  next<R>(toResource: (name: string) => R | undefined): R[] | undefined {
    while (this.#parts.length > 0) {
      const part = (this.#parts[0] ?? [])
        .map(toResource)
        .filter((resource) => resource !== undefined);
      if (part.length > 0) return part;
      this.#parts.shift();
    }
    return undefined;
  }

  /** The next part was sent. */
  handleSent(): void {
    this.#parts.shift();
  }

  /** It is in a part that has not been sent again yet: the client does not have it. */
  isSetAside(name: string): boolean {
    return this.#parts.some((part) => part.includes(name));
  }

  #unshift(parts: (readonly string[])[]): void {
    this.#parts.unshift(...parts.filter((part) => part.length > 0));
  }
}
