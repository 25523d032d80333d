process.argv.splice(2, process.argv.length, 'serve');
await import('./cli/main.js');
