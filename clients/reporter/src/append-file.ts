import { type FileHandle, open } from 'node:fs/promises';

/** How files are opened: node's own way, but for tests of a disk that fails. */
export type OpenFile = (path: string, flags: string) => Promise<Pick<FileHandle, 'write' | 'truncate' | 'datasync' | 'close'>>;

/** A file that only grows, by whole pieces: a piece that could not be written leaves nothing behind. */
export class AppendFile {
  private torn = false;

  private constructor(
    private readonly handle: Awaited<ReturnType<OpenFile>>,
    private bytes: number,
  ) {}

  /** Opens a file that has `length` bytes worth keeping; whatever follows them is cut off. */
  static async open(
    path: string,
    { length, flags, openFile = open }: { readonly length: number; readonly flags: 'a' | 'ax'; readonly openFile?: OpenFile | undefined },
  ): Promise<AppendFile> {
    const file = new AppendFile(await openFile(path, flags), length);
    if (flags === 'a') await file.repair();
    return file;
  }

  get length(): number {
    return this.bytes;
  }

  /** All of it, or an error and nothing. With `sync` it is on the disk, and not only with the operating system, afterwards. */
  async append(piece: Buffer, { sync }: { readonly sync: boolean }): Promise<void> {
    if (this.torn) await this.repair();
    this.torn = true;
    try {
      for (let written = 0; written < piece.length;) written += (await this.handle.write(piece, written)).bytesWritten;
      if (sync) await this.handle.datasync();
    } catch (error) {
      await this.repair().catch(() => undefined); // it stays torn, and is repaired before anything else is written
      throw error;
    }
    this.torn = false;
    this.bytes += piece.length;
  }

  sync(): Promise<void> {
    return this.handle.datasync();
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  private async repair(): Promise<void> {
    await this.handle.truncate(this.bytes);
    this.torn = false;
  }
}
