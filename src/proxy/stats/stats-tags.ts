// The bootstrap's stats_config: tags of the user's own, beside or instead of Envoy's.
import type { StatsConfig } from "#api/envoy/config/metrics/v3/stats_pb.ts";
import { compileRegex } from "#base/regex.ts";
import type { Parsed } from "../config/parsed.ts";
import { DEFAULT_TAG_RULES, TagExtractor, type TagRule } from "./tag-extractor.ts";

/**
 * The extractor for `config`, or which tag is wrong. Rules of the configuration replace the default of the same tag; a tag with
 * neither regex nor fixed value stands for the default of that name.
 */
export function parseStatsTags(config: StatsConfig | undefined): Parsed<TagExtractor> {
  const custom: TagRule[] = [];
  const fixed: { readonly tag: string; readonly value: string }[] = [];
  for (const [index, specifier] of (config?.statsTags ?? []).entries()) {
    const { tagName: tag, tagValue } = specifier;
    const path = `stats_config.stats_tags[${index}]`;
    if (tagValue.case === "fixedValue") {
      fixed.push({ tag, value: tagValue.value });
      continue;
    }
    if (tagValue.case === "regex" && tagValue.value !== "") {
      const compiled = compileRegex(tagValue.value);
      if (compiled.kind === "failed") {
        const message = `"${tagValue.value}" is no regular expression: ${compiled.reason}`;
        return { kind: "rejected", path: `${path}.regex`, message };
      }
      const { regex } = compiled;
      if (regex.groupCount < 1) {
        const message = `"${tagValue.value}" must have at least one group: it is what is cut out of the name`;
        return { kind: "rejected", path: `${path}.regex`, message };
      }
      custom.push({
        tag,
        match(name) {
          const [, cut, inner] = regex.search(name) ?? [];
          if (cut === undefined) return undefined;
          const { start, end } = inner ?? cut;
          return { ...cut, value: name.slice(start, end) };
        },
      });
      continue;
    }
    const known = DEFAULT_TAG_RULES.find((rule) => rule.tag === tag);
    if (known === undefined) {
      const message = `"${tag}" is no default tag: a regex or a fixed_value is needed`;
      return { kind: "rejected", path: `${path}.tag_name`, message };
    }
    custom.push(known);
  }
  const replaced = new Set(custom.map((rule) => rule.tag));
  const defaults =
    (config?.useAllDefaultTags ?? true)
      ? DEFAULT_TAG_RULES.filter((rule) => !replaced.has(rule.tag))
      : [];
  return { kind: "parsed", value: new TagExtractor([...defaults, ...custom], fixed) };
}
