// Route configurations by name: what RDS brings, and what a listener's connection manager looks routes up in.
import type { FormatEnvironment } from "../access-log/operator.ts";
import { NO_ENVIRONMENT } from "../config/no-environment.ts";
import type { RouteConfig } from "../config/route-config.ts";
import { RouteTable } from "./route-table.ts";

/** One name's place in the store. A connection manager keeps the source and reads `table` once per request. */
export class RouteSource {
  readonly name: string;
  /** undefined until the first configuration of that name. */
  table: RouteTable | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }
}

export class RouteStore {
  readonly #environment: FormatEnvironment;
  readonly #sources = new Map<string, RouteSource>();

  /** `environment` is for header formats (%HOSTNAME%, %ENVIRONMENT()%). */
  constructor(environment: FormatEnvironment = NO_ENVIRONMENT) {
    this.#environment = environment;
  }

  /** The source for `name`, made when first asked for; the same object until it is removed. */
  source(name: string): RouteSource {
    let source = this.#sources.get(name);
    if (source === undefined) {
      source = new RouteSource(name);
      this.#sources.set(name, source);
    }
    return source;
  }

  /** Compiles and swaps in the table; streams that have matched keep the entry they hold. A repeated configuration changes nothing. */
  update(config: RouteConfig): void {
    const source = this.source(config.name);
    if (source.table?.config.hash === config.hash) return;
    source.table = new RouteTable(config, this.#environment);
  }

  /** The last listener that named it is gone: forgets the source. Connections that still drain keep theirs, with its last table. */
  remove(name: string): void {
    this.#sources.delete(name);
  }

  /** Configurations in force, in the order their names were first heard of. For /config_dump. */
  *tables(): Iterable<RouteTable> {
    for (const source of this.#sources.values()) if (source.table !== undefined) yield source.table;
  }
}
