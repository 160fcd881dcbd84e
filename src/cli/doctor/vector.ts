/**
 * A published test vector as a HAP frame. [RFC 8439 §A.5]
 *
 * Of RFC 8439's vectors for the AEAD this one fits into a frame: its nonce begins with four zero bytes. The frame's AAD is
 * its length field, so that the tag is another; this one was made with OpenSSL and with libsodium, which agree.
 */

export const VECTOR = {
  key: Buffer.from("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0", "hex"),
  /** The nonce's last eight bytes are 01 to 08; HAP counts in little-endian. */
  counter: 0x0807060504030201n,
  plaintext: Buffer.from(
    "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, replaced, or " +
      "obsoleted by other documents at any time. It is inappropriate to use Internet-Drafts as reference material " +
      "or to cite them other than as /“work in progress./”",
  ),
  /** The length field, the vector's ciphertext, the tag over HAP's AAD. */
  frame: Buffer.from(
    `0901
     64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0
     bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855
     9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e9
     9040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a
     0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130
     305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709b
     56b081b1f8ebf177211cfc42b497e648`.replaceAll(/\s/g, ""),
    "hex",
  ),
} as const;
