// DestinationRules by host and namespace, merged and looked up as Istio does (istio.md sections 3 and 11).
import { create } from "@bufbuild/protobuf";
import {
  type DestinationRule,
  DestinationRuleSchema,
  type Subset,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import { mostSpecificMatch, resolveHost } from "./hostname.ts";
import { type Labels, selects } from "./labels.ts";
import { sameItems } from "./memo.ts";
import { type ConfigObject, objectName, type Problem, warningAt } from "./object.ts";
import type { Service } from "./service.ts";
import type { MergedDestinationRule } from "./snapshot.ts";
import { isVisibleTo, visibilityOf } from "./visibility.ts";

type Rule = ConfigObject<"DestinationRule">;

/** A merged rule with who may use it. */
interface Candidate {
  readonly rule: MergedDestinationRule;
  /** A rule with a workload selector is for clients of its own namespace with these labels. */
  readonly selector: Labels | undefined;
  readonly visibility: ReadonlySet<string>;
}

/** Host -> rules for it: those with a selector first, then by age. */
type HostRules = ReadonlyMap<string, readonly Candidate[]>;

export class DestinationRuleIndex {
  readonly objects: readonly Rule[];
  readonly problems: readonly Problem[];
  /** Namespace -> what its own clients can see of it. */
  readonly #local = new Map<string, HostRules>();
  /** Namespace -> what it shows to others. */
  readonly #exported = new Map<string, HostRules>();
  /** What the root namespace keeps to itself. */
  readonly #rootPrivate: HostRules;
  readonly #rootNamespace: string;
  readonly #merger: RuleMerger;

  /** `objects` oldest first. Merged rules whose sources did not change since `previous` keep their identity. */
  constructor(
    objects: readonly Rule[],
    rootNamespace: string,
    previous: DestinationRuleIndex | undefined,
  ) {
    this.objects = objects;
    this.#rootNamespace = rootNamespace;
    const merger = new RuleMerger(previous === undefined ? undefined : previous.#merger);
    const withSelector = objects.filter((rule) => rule.spec.workloadSelector !== undefined);
    const others = objects.filter((rule) => rule.spec.workloadSelector === undefined);
    const byNamespace = Map.groupBy([...withSelector, ...others], (rule) => rule.namespace);
    for (const [namespace, own] of byNamespace) {
      const seen = own.filter((rule) => isVisibleTo(ruleVisibility(rule), namespace));
      this.#local.set(namespace, merger.byHost(seen));
      this.#exported.set(namespace, merger.byHost(own.filter((rule) => !isPrivate(rule))));
    }
    this.#rootPrivate = merger.byHost((byNamespace.get(rootNamespace) ?? []).filter(isPrivate));
    this.#merger = merger;
    this.problems = merger.problems;
  }

  /** Client namespace, then the service's, then the root namespace: the most specific host in the first that has any. */
  ruleFor(
    service: Service,
    clientNamespace: string,
    clientLabels: Labels,
  ): MergedDestinationRule | undefined {
    let general: Candidate | undefined;
    for (const candidate of this.#candidates(service, clientNamespace)) {
      if (candidate.selector === undefined) general ??= candidate;
      else if (selects(candidate.selector, clientLabels)) return candidate.rule;
    }
    return general?.rule;
  }

  #candidates(service: Service, clientNamespace: string): readonly Candidate[] {
    // Rules of the root namespace are meant for all, so for its own clients only its private ones come before the service's.
    const isRoot = clientNamespace === this.#rootNamespace;
    const own = isRoot ? this.#rootPrivate : this.#local.get(clientNamespace);
    const found = own && mostSpecificMatch(service.hostname, own);
    if (found !== undefined) return found;
    for (const namespace of [service.namespace, this.#rootNamespace]) {
      const exported = this.#exported.get(namespace);
      const rules = (exported && mostSpecificMatch(service.hostname, exported)) ?? [];
      const visible = rules.filter((rule) => isVisibleTo(rule.visibility, clientNamespace));
      if (visible.length > 0) return visible;
    }
    return [];
  }
}

/** A rule with a workload selector is never seen by other namespaces. */
function ruleVisibility(rule: Rule): ReadonlySet<string> {
  const exportTo = rule.spec.workloadSelector === undefined ? rule.spec.exportTo : ["."];
  return visibilityOf(exportTo, rule.namespace);
}

function isPrivate(rule: Rule): boolean {
  const visibility = ruleVisibility(rule);
  return visibility.size === 1 && visibility.has(rule.namespace);
}

/** Puts the rules of one host together, and remembers what it made. */
class RuleMerger {
  readonly problems: Problem[] = [];
  readonly #made = new Map<string, MergedDestinationRule[]>();
  readonly #before: ReadonlyMap<string, readonly MergedDestinationRule[]>;
  readonly #reported = new Set<object>();

  constructor(previous: RuleMerger | undefined) {
    this.#before = previous === undefined ? new Map() : previous.#made;
  }

  byHost(rules: readonly Rule[]): HostRules {
    const byHost = Map.groupBy(rules, (rule) => resolveHost(rule.spec.host, rule.namespace));
    return new Map([...byHost].map(([host, same]) => [host, this.#candidates(host, same)]));
  }

  /**
   * A rule joins an older one for the same clients. One that is shown to more clients than the older joins it and stands alone
   * as well, for those who do not see the older.
   */
  #candidates(host: string, rules: readonly Rule[]): Candidate[] {
    const groups: {
      sources: Rule[];
      selector: Labels | undefined;
      visibility: ReadonlySet<string>;
    }[] = [];
    for (const rule of rules) {
      const selector = rule.spec.workloadSelector?.matchLabels;
      const visibility = ruleVisibility(rule);
      let standsAlone = true;
      for (const group of groups) {
        if (!sameSelector(group.selector, selector)) continue;
        if (!isShownToAll(visibility, group.visibility)) continue;
        group.sources.push(rule);
        if (isShownToAll(group.visibility, visibility)) standsAlone = false;
      }
      if (standsAlone) groups.push({ sources: [rule], selector, visibility });
    }
    return groups.map(({ sources, selector, visibility }) => {
      return { rule: this.#merged(host, sources), selector, visibility };
    });
  }

  #merged(host: string, sources: readonly Rule[]): MergedDestinationRule {
    const key = `${host} ${sources[0]?.namespace}`;
    const known = [...(this.#made.get(key) ?? []), ...(this.#before.get(key) ?? [])];
    const same = known.find((merged) => sameItems(merged.sources, sources));
    const merged = same ?? { spec: mergedSpec(host, sources), sources };
    const made = this.#made.get(key);
    if (made === undefined) this.#made.set(key, [merged]);
    else if (!made.includes(merged)) made.push(merged);
    this.#reportDuplicates(host, sources);
    return merged;
  }

  #reportDuplicates(host: string, sources: readonly Rule[]): void {
    const owners = new Map<string, Rule>();
    for (const rule of sources) {
      rule.spec.subsets.forEach((subset, i) => {
        const owner = owners.get(subset.name) ?? rule;
        owners.set(subset.name, owner);
        if (owner === rule || this.#reported.has(subset)) return;
        this.#reported.add(subset);
        const { file, line } = owner.source;
        const message =
          `subset "${subset.name}" of ${host} is defined by ${objectName(owner)} (${file}:${line}) already: ` +
          "this one is not used; give it another name or remove one";
        this.problems.push(warningAt(rule, ["spec", "subsets", i, "name"], message));
      });
    }
  }
}

function sameSelector(a: Labels | undefined, b: Labels | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return selects(a, b) && selects(b, a);
}

/** Whether everybody in `others` is in `visibility`. */
function isShownToAll(visibility: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  return visibility.has("*") || others.isSubsetOf(visibility);
}

/** The first rule, its host in full, with the subsets of all; the first top-level policy that any has. */
function mergedSpec(host: string, sources: readonly Rule[]): DestinationRule {
  const [first, ...others] = sources;
  if (first === undefined || (others.length === 0 && first.spec.host === host)) {
    return first?.spec ?? create(DestinationRuleSchema, { host });
  }
  const subsets = new Map<string, Subset>();
  for (const subset of sources.flatMap((rule) => rule.spec.subsets)) {
    if (!subsets.has(subset.name)) subsets.set(subset.name, subset);
  }
  const merged: DestinationRule = { ...first.spec, host, subsets: [...subsets.values()] };
  const policy = sources.find((rule) => rule.spec.trafficPolicy !== undefined)?.spec.trafficPolicy;
  return policy === undefined ? merged : { ...merged, trafficPolicy: policy };
}
