import { defineConfig } from "vite";

// One script, one stylesheet, plain names: the folder is committed, so a rebuild should touch few files.
export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    sourcemap: false,
    modulePreload: false,
    assetsInlineLimit: 8192,
    rollupOptions: {
      output: {
        entryFileNames: "page.js",
        assetFileNames: (asset) =>
          asset.names.some((name) => name.endsWith(".css")) ? "page.css" : "[name][extname]",
      },
    },
  },
});
