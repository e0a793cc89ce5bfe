// Before every test file: properties draw the same cases each time, so that a red test is red again. FC_SEED=N draws others.
import fc from "fast-check";

const DEFAULT_SEED = 20_261_123;

fc.configureGlobal({ seed: Number(process.env["FC_SEED"] ?? DEFAULT_SEED) });
