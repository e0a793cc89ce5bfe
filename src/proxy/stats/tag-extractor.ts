// Which parts of a statistic's name are labels: Envoy's default tags, and those of the bootstrap's stats_config.

/** Finds one tag in a name. */
export interface TagRule {
  /** "envoy.cluster_name" */
  readonly tag: string;
  /** Group 1 is cut out of the name; group 2 is the tag's value (group 1 where there is only one). */
  match(
    name: string,
  ): { readonly start: number; readonly end: number; readonly value: string } | undefined;
}

export interface TaggedName {
  /** What is left of the name when the tags are cut out, with its dots. */
  readonly name: string;
  /** In the order of the rules. */
  readonly tags: readonly { readonly tag: string; readonly value: string }[];
}

/** A rule by a regular expression of our own (never a user's: those go through a linear-time engine). */
function defaultRule(tag: string, pattern: RegExp): TagRule {
  return {
    tag,
    match(name) {
      const found = pattern.exec(name);
      const removed = found?.indices?.[1];
      if (found === null || removed === undefined) return undefined;
      return { start: removed[0], end: removed[1], value: found[2] ?? found[1] ?? "" };
    },
  };
}

/** Envoy's default tags that names of this proxy can hold, in Envoy's order, which is the order of the labels. */
export const DEFAULT_TAG_RULES: readonly TagRule[] = [
  defaultRule("envoy.response_code", /_rq(_(\d{3}))$/d),
  defaultRule("envoy.response_code_class", /_rq_(\d)xx$/d),
  defaultRule("envoy.fault_downstream_cluster", /^http\.[^.]*\.fault\.(([^.]*)\.)\w+$/d),
  defaultRule("envoy.tcp_prefix", /^tcp\.((.*?)\.)\w+$/d),
  defaultRule("envoy.cluster_name", /^cluster\.(([^.]+)\.)/d),
  defaultRule("envoy.rds_route_config", /^http\.[^.]*\.rds\.((.*)\.)\w+$/d),
  defaultRule(
    "envoy.worker_id",
    /^(?:listener\..*?|server|thread_local_cluster_manager|listener_manager)\.worker(_(\d+))\./d,
  ),
  defaultRule("envoy.http_conn_manager_prefix", /^(?:listener\..*?\.)?http\.(([^.]*)\.)/d),
  defaultRule("envoy.listener_address", /^listener\.(([_.\d]*|[_[\]a-fA-F\d]*)\.)/d),
];

/** What is remembered of names already looked at; beyond it the table starts anew, so that churn of clusters stays bounded. */
const CACHE_LIMIT = 200_000;

export class TagExtractor {
  readonly #rules: readonly TagRule[];
  readonly #fixed: TaggedName["tags"];
  #known = new Map<string, TaggedName>();

  /** `fixed` are tags that every name carries (stats_config's fixed_value). */
  constructor(rules: readonly TagRule[] = DEFAULT_TAG_RULES, fixed: TaggedName["tags"] = []) {
    this.#rules = rules;
    this.#fixed = fixed;
  }

  extract(name: string): TaggedName {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#known.size >= CACHE_LIMIT) this.#known.clear();
    const tagged = this.#extract(name);
    this.#known.set(name, tagged);
    return tagged;
  }

  /** Rules look at the whole name; what they cut out is taken away together, once. */
  #extract(name: string): TaggedName {
    const tags = [...this.#fixed];
    const cuts: { readonly start: number; readonly end: number }[] = [];
    for (const rule of this.#rules) {
      if (tags.some((tag) => tag.tag === rule.tag)) continue;
      const found = rule.match(name);
      if (found === undefined) continue;
      tags.push({ tag: rule.tag, value: found.value });
      cuts.push(found);
    }
    cuts.sort((a, b) => a.start - b.start);
    let rest = "";
    let from = 0;
    for (const cut of cuts) {
      if (cut.start > from) rest += name.slice(from, cut.start);
      from = Math.max(from, cut.end);
    }
    return { name: rest + name.slice(from), tags };
  }
}
