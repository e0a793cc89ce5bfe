// An access log as configured: where lines go, and their format.

export interface AccessLogConfig {
  readonly sink:
    | { readonly kind: "file"; readonly path: string }
    | { readonly kind: "stdout" }
    | { readonly kind: "stderr" };
  readonly format:
    | { readonly kind: "text"; readonly format: string }
    | { readonly kind: "json"; readonly fields: Readonly<Record<string, unknown>> }
    /** Envoy's default line (envoy.md section 16). */
    | { readonly kind: "default" };
}
