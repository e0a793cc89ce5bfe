// loadBalancer of a traffic policy: consistent hashing, warm-up, locality.
import type {
  LoadBalancerSettings,
  LoadBalancerSettings_ConsistentHashLB,
  LocalityLoadBalancerSetting,
  WarmupConfiguration,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import { each, type Field } from "../field.ts";
import { checkDuration } from "../names.ts";

/** Envoy's largest Maglev table. */
const MAX_TABLE_SIZE = 5_000_011n;
const TOPOLOGY_LABELS = [
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
  "topology.istio.io/subzone",
];

export function checkLoadBalancer(
  settings: LoadBalancerSettings | undefined,
  hasOutlierDetection: boolean,
  field: Field,
): void {
  if (settings === undefined) return;
  if (settings.lbPolicy.case === "consistentHash") {
    checkConsistentHash(settings.lbPolicy.value, field.at("consistentHash"));
  }
  const { localityLbSetting: locality, zoneAwareLbSetting: zoneAware } = settings;
  if (locality !== undefined && zoneAware !== undefined) {
    field.at("zoneAwareLbSetting").error("set together with localityLbSetting: only one may be");
  }
  if (locality !== undefined) checkLocality(locality, field.at("localityLbSetting"));
  if (zoneAware !== undefined) {
    const at = field.at("zoneAwareLbSetting");
    checkFailover(zoneAware.failover, at);
    each(zoneAware.failoverPriority, at.at("failoverPriority"), (label, entry) => {
      if (TOPOLOGY_LABELS.includes(label))
        entry.must("not be a topology label: those are implied", label);
    });
  }
  for (const [name, setting] of Object.entries({
    localityLbSetting: locality,
    zoneAwareLbSetting: zoneAware,
  })) {
    const fails = (setting?.failover.length ?? 0) + (setting?.failoverPriority.length ?? 0) > 0;
    if (fails && !hasOutlierDetection) {
      field.at(name).warn("has no effect: failover needs outlierDetection beside loadBalancer");
    }
  }
  if (settings.warmup !== undefined) checkWarmup(settings.warmup, field.at("warmup"));
}

function checkConsistentHash(hash: LoadBalancerSettings_ConsistentHashLB, field: Field): void {
  if (hash.hashKey.case === "httpCookie") {
    const cookie = hash.hashKey.value;
    const at = field.at("httpCookie");
    if (cookie.name === "") at.at("name").error("must be set");
    const seen = new Set<string>();
    each(cookie.attributes, at.at("attributes"), ({ name }, attribute) => {
      if (name === "" || seen.has(name)) attribute.at("name").must("be set, and once", name);
      seen.add(name);
    });
  }
  if (hash.minimumRingSize !== 0n) {
    const at = field.at("minimumRingSize");
    if (hash.hashAlgorithm.case !== undefined)
      at.error(`set together with ${hash.hashAlgorithm.case}: only one may be`);
    else at.warn("is deprecated: use ringHash.minimumRingSize");
  }
  if (hash.hashAlgorithm.case !== "maglev") return;
  const { tableSize } = hash.hashAlgorithm.value;
  if (tableSize >= MAX_TABLE_SIZE || !isPrime(tableSize)) {
    field.at("maglev", "tableSize").must(`be a prime below ${MAX_TABLE_SIZE}`, tableSize);
  }
}

function isPrime(number: bigint): boolean {
  if (number < 2n || number >= MAX_TABLE_SIZE) return false;
  const n = Number(number);
  for (let factor = 2; factor * factor <= n; factor += 1) if (n % factor === 0) return false;
  return true;
}

function checkLocality(setting: LocalityLoadBalancerSetting, field: Field): void {
  if (setting.distribute.length > 0 && setting.failover.length > 0) {
    field.at("failover").error("set together with distribute: only one may be");
  }
  if (setting.failover.length > 0) {
    each(setting.failoverPriority, field.at("failoverPriority"), (label, at) => {
      if (TOPOLOGY_LABELS.includes(label))
        at.must("not be a topology label beside failover", label);
    });
  }
  checkLocalities(
    setting.distribute.map(({ from }) => from),
    (i) => field.at("distribute", i, "from"),
  );
  each(setting.distribute, field.at("distribute"), ({ to }, at) => {
    let total = 0;
    for (const [locality, weight] of Object.entries(to)) {
      if (weight < 1 || weight > 100) at.at("to", locality).must("be 1 to 100", weight);
      total += weight;
    }
    if (total !== 100) at.at("to").must("have weights that sum to 100", `a sum of ${total}`);
    const localities = Object.keys(to);
    checkLocalities(localities, (i) => at.at("to", localities[i] ?? ""));
  });
  checkFailover(setting.failover, field);
}

/** "region", "region/zone", "region/zone/subzone", the last part may be a star; none within another. */
function checkLocalities(localities: readonly string[], fieldOf: (index: number) => Field): void {
  localities.forEach((locality, i) => {
    const parts = locality.split("/");
    const star = locality.indexOf("*");
    if (parts.length > 3 || parts.includes("") || (star !== -1 && star !== locality.length - 1)) {
      fieldOf(i).must('be "region/zone/subzone" or a part of it, a "*" only at the end', locality);
      return;
    }
    const overlap = localities
      .slice(0, i)
      .find((earlier) => covers(earlier, locality) || covers(locality, earlier));
    if (overlap !== undefined) fieldOf(i).error(`overlaps with ${JSON.stringify(overlap)}`);
  });
}

function covers(outer: string, inner: string): boolean {
  const whole = outer.replace(/\/?\*$/, "");
  return whole === "" || inner === whole || inner.startsWith(`${whole}/`);
}

function checkFailover(
  failover: readonly { readonly from: string; readonly to: string }[],
  field: Field,
): void {
  each(failover, field.at("failover"), ({ from, to }, at) => {
    if (from === to) at.at("to").must("be another region than from", to);
    for (const [name, region] of Object.entries({ from, to })) {
      if (/[/*]/.test(region)) at.at(name).must("be a region alone", region);
    }
  });
}

function checkWarmup(warmup: WarmupConfiguration, field: Field): void {
  if (warmup.duration === undefined) field.at("duration").error("must be set");
  checkDuration(warmup.duration, field.at("duration"));
  const { minimumPercent = 0, aggression = 1 } = warmup;
  if (minimumPercent > 100) field.at("minimumPercent").must("be at most 100", minimumPercent);
  if (aggression <= 0) field.at("aggression").must("be above 0", aggression);
}
