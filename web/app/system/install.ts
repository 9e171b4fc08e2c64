/** Makes the page one that can be installed. It works just as well without that, for instance on insecure origins. */
export async function registerServiceWorker(
  container: Pick<ServiceWorkerContainer, 'register'> | undefined = navigator.serviceWorker,
): Promise<void> {
  // Browsers refuse it on pages whose certificate the person had to accept.
  await container?.register('/service-worker.js').catch(() => {});
}
