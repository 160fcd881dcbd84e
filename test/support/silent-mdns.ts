/** To be preloaded: an mDNS responder that sends nothing, and prints the TXT records that it would advertise. */

import * as ciao from "@homebridge/ciao";

interface Service {
  readonly name: string;
  readonly type: string;
  readonly txt: Record<string, string>;
}

function print({ name, type, txt }: Service): void {
  process.stdout.write(`mdns ${JSON.stringify({ name, type, sf: txt["sf"], id: txt["id"] })}\n`);
}

const silent = {
  createService: (service: Service) => ({
    advertise: () => {
      print(service);
      return Promise.resolve();
    },
    updateTxt: (txt: Service["txt"]) => {
      print({ ...service, txt });
    },
  }),
  shutdown: () => Promise.resolve(),
};

Object.assign(ciao, { getResponder: () => silent });
