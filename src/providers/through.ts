import type { ForgeConnection, Provider } from './contract.ts';

/** The same provider, whose every use of a connection goes `through` first: to watch its secret, to count its calls. */
export function throughConnections(provider: Provider, through: (connection: ForgeConnection) => ForgeConnection): Provider {
  const connect = provider.connect?.bind(provider);
  const verifyToken = provider.verifyToken?.bind(provider);
  const rotateToken = provider.rotateToken?.bind(provider);
  return {
    ...provider,
    ...(connect === undefined ? {} : { connect: (connection) => connect(through(connection)) }),
    ...(verifyToken === undefined
      ? {}
      : { verifyToken: (connection, repository, signal) => verifyToken(through(connection), repository, signal) }),
    ...(rotateToken === undefined
      ? {}
      : { rotateToken: (connection, rotation, signal) => rotateToken(through(connection), rotation, signal) }),
  };
}
