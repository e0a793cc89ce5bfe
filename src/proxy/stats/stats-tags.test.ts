import { expect, test } from "bun:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { StatsConfigSchema } from "#api/envoy/config/metrics/v3/stats_pb.ts";
import { parseStatsTags } from "./stats-tags.ts";

const NAME = "cluster.outbound|80|v1|rev.default.svc.cluster.local.external.upstream_rq_200";
/** As in Istio's bootstrap. */
const CLUSTER_NAME = "^cluster\\.((.+?(\\..+?\\.svc\\.cluster\\.local)?)\\.)";

function extracted(init: MessageInitShape<typeof StatsConfigSchema>): string {
  const parsed = parseStatsTags(create(StatsConfigSchema, init));
  if (parsed.kind === "rejected") return `rejected: ${parsed.path}: ${parsed.message}`;
  const { name, tags } = parsed.value.extract(NAME);
  return [name, ...tags.map(({ tag, value }) => `${tag}=${value}`)].join(" ");
}

const regex = (tagName: string, value: string) => ({
  tagName,
  tagValue: { case: "regex" as const, value },
});

test("parseStatsTags without a configuration takes Envoy's tags", () => {
  expect(extracted({})).toBe(
    "cluster.default.svc.cluster.local.external.upstream_rq envoy.response_code=200 envoy.cluster_name=outbound|80|v1|rev",
  );
});

test("parseStatsTags takes Istio's expression for clusters in place of the default", () => {
  expect(extracted({ statsTags: [regex("envoy.cluster_name", CLUSTER_NAME)] })).toBe(
    "cluster.external.upstream_rq envoy.response_code=200 envoy.cluster_name=outbound|80|v1|rev.default.svc.cluster.local",
  );
});

test("parseStatsTags leaves out the defaults that are not asked for", () => {
  expect(
    extracted({
      useAllDefaultTags: false,
      statsTags: [
        regex("cluster", CLUSTER_NAME),
        { tagName: "envoy.response_code_class", tagValue: { case: undefined } },
        { tagName: "mesh", tagValue: { case: "fixedValue", value: "one" } },
      ],
    }),
  ).toBe(
    "cluster.external.upstream_rq_200 mesh=one cluster=outbound|80|v1|rev.default.svc.cluster.local",
  );
});

test.each([
  [
    regex("a", "("),
    'stats_config.stats_tags[0].regex: "(" is no regular expression: missing closing ): `(`',
  ],
  [
    regex("a", "x"),
    'stats_config.stats_tags[0].regex: "x" must have at least one group: it is what is cut out of the name',
  ],
  [
    { tagName: "a", tagValue: { case: undefined } },
    'stats_config.stats_tags[0].tag_name: "a" is no default tag: a regex or a fixed_value is needed',
  ],
])("parseStatsTags refuses %p", (specifier, message) => {
  expect(extracted({ statsTags: [specifier] })).toBe(`rejected: ${message}`);
});
