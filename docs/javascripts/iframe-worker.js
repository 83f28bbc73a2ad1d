/* The search of pages that are opened from a folder: browsers start no worker there, so that its script runs in a hidden
   frame. The plugin `offline` knows this file by its name, and the script of the search the class by its own. */
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    constructor(path) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.srcdoc = `<script src="${new URL(path, location).href.replaceAll("&", "&amp;")}"></script>`;
      this.scope = new Promise((resolve) => {
        frame.addEventListener("load", () => {
          const scope = frame.contentWindow;
          scope.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
          resolve(scope);
        });
      });
      document.body.append(frame);
    }

    postMessage(data) {
      this.scope.then((scope) => scope.dispatchEvent(new scope.MessageEvent("message", { data })));
    }
  };
  window.Worker = window.IFrameWorker;
}
