// Access logs of listeners: off, unless the mesh settings or the proxy's own metadata name a file.
import { create } from "@bufbuild/protobuf";
import { type AccessLog, AccessLogSchema } from "#api/envoy/config/accesslog/v3/accesslog_pb.ts";
import { FileAccessLogSchema } from "#api/envoy/extensions/access_loggers/file/v3/file_pb.ts";
import type { MeshSettings } from "../../model/mesh-settings.ts";
import type { Proxy } from "../../model/proxy.ts";
import { packed } from "../messages.ts";

/** Node metadata with a file for this proxy alone, over the mesh's. */
const METADATA_KEY = "SAMPAN_ACCESS_LOG_FILE";

/** "" is none. */
export function accessLogFile(proxy: Proxy, mesh: MeshSettings): string {
  const own = proxy.metadata[METADATA_KEY];
  return typeof own === "string" ? own : mesh.accessLogFile;
}

export function accessLogs(proxy: Proxy, mesh: MeshSettings): AccessLog[] {
  const path = accessLogFile(proxy, mesh);
  if (path === "") return [];
  const format = mesh.accessLogFormat;
  const config = packed(FileAccessLogSchema, {
    path,
    accessLogFormat:
      format === ""
        ? { case: undefined }
        : {
            case: "logFormat",
            value: {
              format: {
                case: "textFormatSource",
                value: { specifier: { case: "inlineString", value: format } },
              },
            },
          },
  });
  return [
    create(AccessLogSchema, {
      name: "envoy.access_loggers.file",
      configType: { case: "typedConfig", value: config },
    }),
  ];
}
