/** Reads what COPY ... TO STDOUT sends, and counts its bytes. */
export class CopyOut {
  constructor(text) {
    this.text = text;
    this.bytes = 0;
    this.done = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
  }
  submit(connection) {
    connection.query(this.text);
  }
  handleCopyData(message) {
    this.bytes += message.chunk.length;
  }
  handleCommandComplete() {
    this.resolve({ bytes: this.bytes });
  }
  handleError(error) {
    this.reject(error);
  }
  handleReadyForQuery() {}
}
