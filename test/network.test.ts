/** Which interface an address belongs to, on machines that this one is not. */

import assert from "node:assert/strict";
import os, { type NetworkInterfaceInfo } from "node:os";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { addressOf, interfaceOf, plainAddress } from "#src/network";

function ipv4(address: string, prefix: number, internal = false): NetworkInterfaceInfo {
  return { family: "IPv4", address, netmask: "", mac: "", internal, cidr: `${address}/${String(prefix)}` };
}

function ipv6(address: string, prefix: number, scopeid = 0, internal = false): NetworkInterfaceInfo {
  return {
    family: "IPv6",
    address,
    netmask: "",
    mac: "",
    internal,
    scopeid,
    cidr: `${address}/${String(prefix)}`,
  };
}

const INTERFACES = {
  lo: [ipv4("127.0.0.1", 8, true), ipv6("::1", 128, 0, true)],
  eth0: [ipv4("192.168.1.20", 24), ipv6("fe80::1", 64, 2), ipv6("fd00::20", 64)],
  wlan0: [ipv4("10.0.0.5", 8), ipv6("fe80::1", 64, 3)],
};

describe("network interfaces", () => {
  beforeEach(() => {
    mock.method(os, "networkInterfaces", () => INTERFACES);
  });
  afterEach(() => {
    mock.restoreAll();
  });

  it("are found by the exact address, in all its clothes", () => {
    assert.equal(interfaceOf("192.168.1.20"), "eth0");
    assert.equal(interfaceOf("::ffff:192.168.1.20"), "eth0");
    assert.equal(interfaceOf("::10.0.0.5"), "wlan0");
    assert.equal(interfaceOf("fd00::20"), "eth0");
    assert.equal(interfaceOf("::1"), "lo");
  });

  it("are told apart by the zone if they share a link-local address", () => {
    assert.equal(interfaceOf("fe80::1%wlan0"), "wlan0");
    assert.equal(interfaceOf("fe80::1%eth0"), "eth0");
    assert.equal(interfaceOf("fe80::1"), "eth0");
  });

  it("are found by their subnet if no address is equal, else the first that is no loopback", () => {
    assert.equal(interfaceOf("10.77.1.1"), "wlan0");
    assert.equal(interfaceOf("fd00::99"), "eth0");
    assert.equal(interfaceOf("203.0.113.7"), "eth0");
    mock.method(os, "networkInterfaces", () => ({ lo: INTERFACES.lo }));
    assert.equal(interfaceOf("203.0.113.7"), "unknown");
  });

  it("may have an address whose subnet the system does not know", () => {
    mock.method(os, "networkInterfaces", () => ({
      tun0: [{ ...ipv4("192.0.2.1", 24), cidr: null }],
      eth0: INTERFACES.eth0,
    }));
    assert.equal(interfaceOf("192.0.2.1"), "tun0");
    assert.equal(interfaceOf("192.168.1.77"), "eth0");
  });

  it("give an address of either family, an IPv6 one that is good without its zone first", () => {
    assert.equal(addressOf("eth0", "ipv4"), "192.168.1.20");
    assert.equal(addressOf("eth0", "ipv6"), "fd00::20");
    assert.equal(addressOf("wlan0", "ipv6"), "fe80::1");
    assert.throws(() => addressOf("tun0", "ipv4"), {
      code: "ERR_HAPWIRE_NO_ADDRESS",
      message: /tun0 has no IPv4/,
    });
  });

  it("are an empty list if the system does not show them", () => {
    mock.method(os, "networkInterfaces", () => {
      throw new Error("uv_interface_addresses returned EAFNOSUPPORT");
    });
    assert.equal(interfaceOf("192.168.1.20"), "unknown");
    assert.throws(() => addressOf("eth0", "ipv4"), { code: "ERR_HAPWIRE_NO_ADDRESS" });
  });

  it("leave plain addresses plain", () => {
    assert.equal(plainAddress("::ffff:1.2.3.4"), "1.2.3.4");
    assert.equal(plainAddress("fe80::2%en0"), "fe80::2");
    assert.equal(plainAddress("2001:db8::1"), "2001:db8::1");
  });
});
