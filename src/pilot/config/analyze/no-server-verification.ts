// TLS to a server whose certificate nobody checks: whoever sits in between can be that server.
import {
  type ClientTLSSettings,
  ClientTLSSettings_TLSmode,
  type TrafficPolicy,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import type { FieldPath } from "#base/field-path.ts";
import type { Rule } from "./rule.ts";

export const NO_SERVER_VERIFICATION: Rule<"DestinationRule"> = {
  name: "no-server-verification",
  check({ spec }, _world, report) {
    const look = (policy: TrafficPolicy | undefined, path: FieldPath): void => {
      for (const [tls, at] of settingsOf(policy, path)) {
        if (!isUnverified(tls)) continue;
        report(
          at,
          `no caCertificates: any certificate is taken for that of ${spec.host}; name the authority, or insecureSkipVerify where that is meant`,
        );
      }
    };
    look(spec.trafficPolicy, ["spec", "trafficPolicy"]);
    for (const [i, subset] of spec.subsets.entries()) {
      look(subset.trafficPolicy, ["spec", "subsets", i, "trafficPolicy"]);
    }
  },
};

function* settingsOf(
  policy: TrafficPolicy | undefined,
  path: FieldPath,
): Generator<readonly [ClientTLSSettings, FieldPath]> {
  if (policy?.tls !== undefined) yield [policy.tls, [...path, "tls"]];
  for (const [i, { tls }] of (policy?.portLevelSettings ?? []).entries()) {
    if (tls !== undefined) yield [tls, [...path, "portLevelSettings", i, "tls"]];
  }
}

function isUnverified(tls: ClientTLSSettings): boolean {
  const { SIMPLE, MUTUAL } = ClientTLSSettings_TLSmode;
  const hasAuthority = tls.caCertificates !== "" || tls.credentialName !== "";
  return (
    (tls.mode === SIMPLE || tls.mode === MUTUAL) && !hasAuthority && tls.insecureSkipVerify !== true
  );
}
