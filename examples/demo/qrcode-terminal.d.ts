/** The one function of qrcode-terminal that is used here; the package has no types of its own. */
declare module "qrcode-terminal" {
  interface QrCodeTerminal {
    /** Hands the QR code of a text to the callback, or prints it if there is none. A method: it needs its `this`. */
    generate(text: string, options: { small: boolean }, callback?: (code: string) => void): void;
  }
  const qrCodeTerminal: QrCodeTerminal;
  export = qrCodeTerminal;
}
