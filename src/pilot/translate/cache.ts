// Results that are shared: what does not depend on the proxy is built once for all of them, and kept while its inputs live.

/**
 * Remembers `make` by the identity of immutable inputs and a text. Every input that the result depends on must be in
 * the key, or two proxies would be given each other's configuration.
 */
export class SharedResults<V> {
  readonly #root = new WeakMap<object, Node<V>>();

  get(first: object, others: readonly (object | undefined)[], text: string, make: () => V): V {
    let node = child(this.#root, first);
    for (const other of others) {
      node.children ??= new WeakMap();
      node = child(node.children, other ?? ABSENT);
    }
    node.values ??= new Map();
    const found = node.values.get(text);
    if (found !== undefined) return found.value;
    const value = make();
    node.values.set(text, { value });
    return value;
  }
}

interface Node<V> {
  children?: WeakMap<object, Node<V>>;
  values?: Map<string, { readonly value: V }>;
}

/** Stands for an input that is not there. */
const ABSENT: object = {};

function child<V>(map: WeakMap<object, Node<V>>, key: object): Node<V> {
  let node = map.get(key);
  if (node === undefined) {
    node = {};
    map.set(key, node);
  }
  return node;
}
