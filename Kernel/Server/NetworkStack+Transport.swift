public import Net

extension NetworkStack: Transport {}
