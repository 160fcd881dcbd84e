/** The machine's network interfaces: which one a connection came in on, and its addresses. */

import { BlockList, isIPv4 } from "node:net";
import { networkInterfaces, type NetworkInterfaceInfo } from "node:os";

import { HapwireError } from "./errors";

/** Where no interface can be told. */
const UNKNOWN_INTERFACE = "unknown";

/** The machine's network interfaces, by name; none where the system does not let the process see them. */
export function visibleInterfaces(): NodeJS.Dict<NetworkInterfaceInfo[]> {
  try {
    return networkInterfaces();
  } catch {
    // A sandbox may deny the netlink socket that it takes, while those of the network work.
    return {};
  }
}

/**
 * The address without what sockets add to it: the prefix of an IPv4 address in IPv6 clothes, the zone of a link-local
 * one.
 */
export function plainAddress(address: string): string {
  const [withoutZone = ""] = address.split("%", 1);
  const mapped = /^::(?:ffff:)?((?:\d{1,3}\.){3}\d{1,3})$/i.exec(withoutZone);
  return mapped?.[1] ?? withoutZone;
}

/**
 * The network interface that has this address; else the one whose subnet holds it (a socket that was accepted on a
 * virtual address); else the first that is no loopback.
 *
 * @param localAddress - A socket's local address, IPv4, IPv6, IPv4-mapped or link-local with a zone.
 */
export function interfaceOf(localAddress: string): string {
  const address = plainAddress(localAddress);
  const zone = /%(.+)$/.exec(localAddress)?.[1];
  const interfaces = Object.entries(visibleInterfaces()).map(
    ([name, infos]): [string, NetworkInterfaceInfo[]] => [name, infos ?? []],
  );
  const nameWhere = (matches: (info: NetworkInterfaceInfo, name: string) => boolean): string | undefined =>
    interfaces.find(([name, infos]) => infos.some((info) => matches(info, name)))?.[0];

  return (
    nameWhere((info, name) => info.address === address && name === zone) ??
    nameWhere((info) => info.address === address) ??
    nameWhere((info) => inSubnet(address, info)) ??
    nameWhere((info) => !info.internal) ??
    UNKNOWN_INTERFACE
  );
}

function inSubnet(address: string, { cidr, family }: NetworkInterfaceInfo): boolean {
  const addressFamily = isIPv4(address) ? "IPv4" : "IPv6";
  if (cidr === null || family !== addressFamily) {
    return false;
  }
  const [network = "", prefix = ""] = cidr.split("/");
  const subnet = new BlockList();
  const type = family === "IPv4" ? "ipv4" : "ipv6";
  subnet.addSubnet(network, Number(prefix), type);
  return subnet.check(address, type);
}

/**
 * An address of an interface. Of IPv6 addresses, one that is not link-local is preferred: link-local ones are good only
 * together with their zone.
 *
 * @throws {@link HapwireError} `ERR_HAPWIRE_NO_ADDRESS` where the interface has none of that family.
 */
export function addressOf(interfaceName: string, ipVersion: "ipv4" | "ipv6"): string {
  const family = ipVersion === "ipv4" ? "IPv4" : "IPv6";
  const infos = (visibleInterfaces()[interfaceName] ?? []).filter((info) => info.family === family);
  const isGlobal = (info: NetworkInterfaceInfo): boolean => info.family === "IPv4" || info.scopeid === 0;
  const info = infos.find(isGlobal) ?? infos[0];
  if (info === undefined) {
    throw new HapwireError(
      "ERR_HAPWIRE_NO_ADDRESS",
      `the network interface ${interfaceName} has no ${family} address; has it gone down?`,
    );
  }
  return info.address;
}
