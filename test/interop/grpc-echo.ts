// A gRPC server with one method that answers who it is: what proxyless clients call through the pilot's xDS.
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";

/** `/echo.Echo/Say`, bytes in and bytes out: no message definition is needed to call it. */
export const ECHO_METHOD = "/echo.Echo/Say";

export interface EchoServer {
  readonly port: number;
  close(): void;
}

const asBytes = (value: Buffer): Buffer => value;

/** Answers every call with `name`. */
export async function startEcho(host: string, name: string): Promise<EchoServer> {
  const server = new Server();
  const definition = {
    Say: {
      path: ECHO_METHOD,
      requestStream: false as const,
      responseStream: false as const,
      requestSerialize: asBytes,
      requestDeserialize: asBytes,
      responseSerialize: asBytes,
      responseDeserialize: asBytes,
    },
  };
  server.addService(definition, {
    Say: (_call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) =>
      callback(null, Buffer.from(name)),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:0`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, close: () => server.forceShutdown() };
}
