// Rules in the kernel take privileges: root, or the two capabilities that Istio's init container has.
import type { Machine } from "#base/machine.ts";
import { type Check, type CheckDescription, type CheckPorts, fail, PASSED } from "../../check.ts";
import { CAPABILITIES, hasCapability } from "../../proc.ts";

export const IS_PRIVILEGED_USER: CheckDescription = {
  name: "IsPrivilegedUser",
  category: "interception",
  severity: "error",
  summary: "this user may set rules in the kernel",
  why: "Interception is rules of the kernel's packet filter; only root may set them.",
  fix: "run it as root: sudo sampan …",
};

export const NET_ADMIN: CheckDescription = {
  name: "NetAdmin",
  category: "interception",
  severity: "error",
  summary: "this process has NET_ADMIN and NET_RAW",
  why: "A container's root lacks them unless they are given to it.",
  fix: "docker run --cap-add NET_ADMIN --cap-add NET_RAW, or AmbientCapabilities= in a systemd unit",
};

const isPrivileged = (machine: Machine): boolean =>
  machine.userId === 0 || hasCapability(machine, CAPABILITIES.netAdmin) === true;

export function isPrivilegedUserCheck(): Check {
  return {
    ...IS_PRIVILEGED_USER,
    run({ machine }: CheckPorts) {
      if (isPrivileged(machine)) return PASSED;
      return fail({ message: "user is not running as root", fix: IS_PRIVILEGED_USER.fix });
    },
  };
}

export function netAdminCheck(): Check {
  return {
    ...NET_ADMIN,
    run({ machine }: CheckPorts) {
      if (!isPrivileged(machine)) return PASSED; // said by the check before
      const missing = (
        [
          ["CAP_NET_ADMIN", CAPABILITIES.netAdmin],
          ["CAP_NET_RAW", CAPABILITIES.netRaw],
        ] as const
      ).filter(([, bit]) => hasCapability(machine, bit) === false);
      if (missing.length === 0) return PASSED;
      const names = missing.map(([name]) => name).join(" and ");
      return fail({ message: `this process lacks ${names}`, fix: NET_ADMIN.fix });
    },
  };
}
