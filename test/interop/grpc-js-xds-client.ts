// A program that calls a service by its xDS name with @grpc/grpc-js-xds, as any user of that library would. Started by the test.
import { Client, credentials } from "@grpc/grpc-js";
import { register } from "@grpc/grpc-js-xds";
import { ECHO_METHOD } from "./grpc-echo.ts";

register();
const [target = "", count = "1"] = process.argv.slice(2);
const client = new Client(target, credentials.createInsecure());
const asBytes = (value: Buffer): Buffer => value;

const call = (): Promise<string> =>
  new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      ECHO_METHOD,
      asBytes,
      asBytes,
      Buffer.alloc(0),
      { deadline: Date.now() + 15_000 },
      (error, answer) => (error === null ? resolve(String(answer)) : reject(error)),
    );
  });

for (let i = 0; i < Number(count); i += 1) console.log(await call());
process.exit(0);
