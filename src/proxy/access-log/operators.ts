// All command operators of Envoy's access log formats that this proxy takes, by name.
import type { Operators } from "./operator.ts";
import { ADDRESS_OPERATORS } from "./operators/address.ts";
import { coalesceOperator } from "./operators/coalesce.ts";
import { GRPC_OPERATORS } from "./operators/grpc.ts";
import { HEADER_OPERATORS } from "./operators/header.ts";
import { PATH_OPERATORS } from "./operators/path.ts";
import { STREAM_OPERATORS } from "./operators/stream.ts";
import { TIME_OPERATORS } from "./operators/time.ts";
import { UNSET_OPERATORS } from "./operators/unset.ts";

export const OPERATORS: Operators = {
  ...HEADER_OPERATORS,
  ...PATH_OPERATORS,
  ...TIME_OPERATORS,
  ...STREAM_OPERATORS,
  ...ADDRESS_OPERATORS,
  ...GRPC_OPERATORS,
  ...UNSET_OPERATORS,
  COALESCE: coalesceOperator(() => OPERATORS),
};
