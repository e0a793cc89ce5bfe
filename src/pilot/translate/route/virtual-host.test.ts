import { expect, test } from "bun:test";
import { relativeNames } from "./virtual-host.ts";

// Istio's own table (GenerateAltVirtualHosts), without its trailing-dot form.
test.each([
  [
    "reviews.default.svc.cluster.local",
    "default.svc.cluster.local",
    ["reviews", "reviews.default.svc", "reviews.default"],
  ],
  [
    "reviews.other.svc.cluster.local",
    "default.svc.cluster.local",
    ["reviews.other", "reviews.other.svc"],
  ],
  ["api.example.com", "default.svc.cluster.local", []],
  ["reviews.default.svc.other.local", "default.svc.cluster.local", []],
  ["svc.cluster.local", "default.svc.cluster.local", []],
  ["*.default.svc.cluster.local", "default.svc.cluster.local", []],
  ["foo.local.campus.net", "local.campus.net", ["foo"]],
  ["foo.local.campus.net", "remote.campus.net", ["foo.local", "foo.local.campus"]],
  ["foo.local.campus.net", "example.com", []],
  ["foo.local.campus.net", "", []],
])("relativeNames %s for a caller in %s", (hostname, domain, names) => {
  expect(relativeNames(hostname, domain)).toEqual(names);
});
