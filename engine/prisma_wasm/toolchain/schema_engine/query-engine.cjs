// What PRISMA_QUERY_ENGINE_LIBRARY names: `prisma version` asks it for its commit.
exports.version = () => ({ commit: "c2990dca591cba766e3b7ef5d9e8a84796e47ab7" });
