/** Preloaded into a process (`--require`): the system does not show it the network interfaces, as in a strict sandbox. */

import os from "node:os";

os.networkInterfaces = () => {
  throw new Error("A system error occurred: uv_interface_addresses returned EAFNOSUPPORT");
};
