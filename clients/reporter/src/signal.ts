/** Wakes whoever waits. Nothing is remembered: who waits looks first whether there is a reason to. */
export class Signal {
  private readonly waiting = new Set<() => void>();

  /** Until the next `fire`, or the timeout. Without a timeout it keeps no process alive. */
  wait(timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const wake = (): void => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        resolve();
      };
      if (timeoutMs !== undefined) timer = setTimeout(wake, timeoutMs);
      this.waiting.add(wake);
    });
  }

  fire(): void {
    for (const wake of [...this.waiting]) wake();
  }
}
