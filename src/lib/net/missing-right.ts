/** The first port that every user may open by default. */
const FIRST_FREE_PORT = 1024;

/** Explains why the system refuses to open a port (EACCES), and how to allow it; without a full stop. */
export function missingRight(port: number): string {
  if (port === 0 || port >= FIRST_FREE_PORT) return 'permission denied';
  return [
    `ports below ${FIRST_FREE_PORT} require a privilege that this user does not have (CAP_NET_BIND_SERVICE). Grant it to the executable with`,
    '"setcap cap_net_bind_service=+ep FILE" or to a systemd unit with AmbientCapabilities=CAP_NET_BIND_SERVICE, or lift the restriction for',
    `everyone with "sysctl net.ipv4.ip_unprivileged_port_start=${port}"`,
  ].join(' ');
}
