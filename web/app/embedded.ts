/** Whether the page was put into a frame of another site in order to be controlled by it. */
export function isEmbedded(): boolean {
  return parent !== window && new URLSearchParams(location.search).has('embed');
}
