/** The machine's network interfaces: the interface of a connection, and its addresses. */

import { BlockList, isIPv4 } from "node:net";
import { networkInterfaces, type NetworkInterfaceInfo } from "node:os";

import { HapwireError } from "./errors";

/** The machine's network interfaces, by name. Empty if a sandbox blocks netlink. */
export function visibleInterfaces(): NodeJS.Dict<NetworkInterfaceInfo[]> {
  try {
    return networkInterfaces();
  } catch {
    return {};
  }
}

/** Drops the zone of a link-local address, and the prefix of an IPv4-mapped address. */
export function plainAddress(address: string): string {
  const [withoutZone = ""] = address.split("%", 1);
  const mapped = /^::(?:ffff:)?((?:\d{1,3}\.){3}\d{1,3})$/i.exec(withoutZone);
  return mapped?.[1] ?? withoutZone;
}

/**
 * The network interface with this address. Otherwise the interface whose subnet has it, as of a virtual address. Otherwise the
 * first interface that is not the loopback.
 *
 * @param localAddress - A socket's local address: IPv4, IPv6, IPv4-mapped or link-local with a zone.
 */
export function interfaceOf(localAddress: string): string {
  const address = plainAddress(localAddress);
  const zone = /%(.+)$/.exec(localAddress)?.[1];
  const infos = Object.entries(visibleInterfaces()).flatMap(([name, ofName = []]) =>
    ofName.map((info) => ({ name, ...info })),
  );
  const found =
    infos.find((info) => info.address === address && info.name === zone) ??
    infos.find((info) => info.address === address) ??
    infos.find((info) => inSubnet(address, info)) ??
    infos.find((info) => !info.internal);
  return found?.name ?? "unknown";
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
 * An address of an interface. Prefers an IPv6 address that is not link-local and needs no zone.
 *
 * @throws {@link HapwireError} `ERR_HAPWIRE_NO_ADDRESS` if the interface has no address of this version.
 */
export function addressOf(interfaceName: string, ipVersion: "ipv4" | "ipv6"): string {
  const family = ipVersion === "ipv4" ? "IPv4" : "IPv6";
  const infos = (visibleInterfaces()[interfaceName] ?? []).filter((info) => info.family === family);
  const isGlobal = (info: NetworkInterfaceInfo): boolean => info.family === "IPv4" || info.scopeid === 0;
  const info = infos.find(isGlobal) ?? infos[0];
  if (info === undefined) {
    const message = `the network interface ${interfaceName} has no ${family} address; has it gone down?`;
    throw new HapwireError("ERR_HAPWIRE_NO_ADDRESS", message);
  }
  return info.address;
}
