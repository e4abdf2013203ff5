// Long work in pieces.

/**
 * Let the messages be heard that have come meanwhile, and a page be drawn. A timer would wait four milliseconds each time
 * but the first few.
 */
export function others() {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });
}
