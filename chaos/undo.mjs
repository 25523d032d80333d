const acts = [];

/** What is to be undone at the end, last first, also when the run is interrupted. Answers how to undo it, and what came after it, sooner. */
export function atEnd(act) {
  acts.push(act);
  return () => undoTo(act);
}

async function undoTo(last) {
  while (acts.length > 0 && (last === undefined || acts.includes(last))) {
    const act = acts.pop();
    await Promise.resolve(act()).catch((error) => {
      process.exitCode = 1;
      console.error(`not cleaned up: ${error.stack ?? error}`);
    });
  }
}

/** Runs the work and leaves nothing behind. */
export async function tidily(work) {
  for (const [signal, status] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }))
    process.once(signal, () => void undoTo().finally(() => process.exit(status)));
  process.once('uncaughtException', (error) => {
    console.error(error);
    void undoTo().finally(() => process.exit(1));
  });
  try {
    await work();
  } finally {
    await undoTo();
  }
}
