// The phases of `up`, in the order in which they run.
import type { Phase } from "#preflight/phases/phase.ts";
import type { UpSession } from "../session.ts";
import { configPhase } from "./config.ts";
import { controlPlanePhase } from "./control-plane.ts";
import { dataPlanePhase } from "./data-plane.ts";
import { gatewayPhase } from "./gateway.ts";
import { preflightPhase } from "./preflight.ts";
import { summaryPhase } from "./summary.ts";
import { waitPhase } from "./wait.ts";
import { workloadsPhase } from "./workloads.ts";

export const UP_PHASES: readonly Phase<UpSession>[] = [
  preflightPhase,
  configPhase,
  controlPlanePhase,
  workloadsPhase,
  dataPlanePhase,
  gatewayPhase,
  waitPhase,
  summaryPhase,
];
