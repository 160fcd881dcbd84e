/** The one function of qrcode-terminal that is used here; the package has no types of its own. */
declare module "qrcode-terminal" {
  interface QrCodeTerminal {
    /** Hands the QR code of a text to the callback. Prints it without a callback. A method: it needs its `this`. */
    generate(text: string, options: { small: boolean }, callback?: (code: string) => void): void;
  }
  const qrCodeTerminal: QrCodeTerminal;
  export = qrCodeTerminal;
}
